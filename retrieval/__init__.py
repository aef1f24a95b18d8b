"""Documents in, passages out: parse, chunk, embed, store, index, search, evaluate. No Streamlit, no LLM."""
