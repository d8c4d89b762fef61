"""What ``streamlit run`` serves: the pages, and the pictures in them."""

from streamlit.starlette import App

from ui.web.picture_routes import ROUTES

app = App("app.py", routes=ROUTES)
