"""A turn from question to checked answer, conversations and settings. No Streamlit."""
