import streamlit as st

from prunekit.ui.serving import lifespan, routes

app = st.App("prunekit/ui/shell.py", lifespan=lifespan, routes=routes())
