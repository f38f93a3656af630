import streamlit as st

app = st.App("prunekit/ui/shell.py")
