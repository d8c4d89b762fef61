"""One file a page, each with a function that draws it. A folder named ``pages`` Streamlit would serve by itself."""
