import streamlit as st

from prunekit.ui.serving import SHELL, lifespan, routes

app = st.App(SHELL, lifespan=lifespan, routes=routes())
