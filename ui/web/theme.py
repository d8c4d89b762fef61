"""The colours of the pages, as options of Streamlit's server: its own, where every text can be read.

Streamlit draws captions and hints in the colour of text at 60 %, and what is chosen in the accent over a tenth of it.
With its own colours that is a contrast of 3.5 to 4.5; WCAG AA asks for 4.5. Both schemes are given, so that the pages
go on following the browser.
"""

THEME = {
    "theme.headingFontSizes": '["1.75rem", "1.3rem"]',  # of a page and of its parts: photos come first
    "theme.light.textColor": "#111010",
    "theme.light.primaryColor": "#ae2f3c",
    "theme.dark.primaryColor": "#e66e79",
}

# What no option reaches. Chosen texts are white on the accent, whatever it is, and where the focus is in the menu only
# a shade of grey says.
STYLE = """<style>
.stMultiSelect [data-tag] { background: rgb(128 128 128 / 20%); color: inherit; }
.stApp button[kind="tertiary"]:is(:hover, :active, [aria-expanded="true"]) { color: inherit;
  text-decoration: underline; }  /* in a dark page, its accent is darker than can be read */
.stMainBlockContainer { padding: 0.6rem 1.5rem 3rem; }
.stHorizontalBlock:has(.st-key-q) { flex-wrap: nowrap; gap: 0.6rem; }
.stHorizontalBlock:has(.st-key-q) > .stColumn { min-width: 0; width: auto; flex: 1 1 auto; }
.stHorizontalBlock:has(.st-key-q) > .stColumn:not(:first-child) { flex: 0 0 auto; }
.stApp:has([data-testid="stExpandSidebarButton"]) :is(.stColumn:has(.st-key-q), .st-key-by) { padding-left: 2.2rem; }
@media (max-width: 480px) { .stHorizontalBlock:has(.st-key-q) { flex-wrap: wrap; }
  .stHorizontalBlock:has(.st-key-q) > .stColumn:first-child { flex-basis: 100%; } }
@media (max-width: 768px) { .stHorizontalBlock:has(.st-key-q) .stPopover button :is([data-testid="stMarkdownContainer"],
  [data-testid="stMarkdownContainer"] ~ *) { position: absolute; clip-path: inset(50%); }
  .stHorizontalBlock:has(.st-key-q) .stPopover button { padding: 0.3rem; } }
@media (max-width: 640px) { .stHorizontalBlock:has(.vs-album, .stMetric) > .stColumn {
  min-width: calc(50% - 0.5rem); } }
@media (max-width: 768px) { .stMainBlockContainer { padding: 0.6rem 0.6rem 3rem; } }
.stApp:has([data-testid="stExpandSidebarButton"]) .stMain:not(:has(.st-key-q, .st-key-by)) .stMainBlockContainer {
  padding-top: 2.9rem; }
.stAppHeader { height: 2.6rem; min-height: 0; background: none; pointer-events: none; }
.stAppHeader button, .stAppHeader a { pointer-events: auto; }
.stElementContainer:has(> .stHtml > :is(style, h1.vs-hidden):only-child) { position: absolute; width: 1px !important;
  overflow: hidden; }  /* else as wide as the page beside its margin: it could be pushed sideways on a phone */
.vs-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.stHtml a { color: inherit; }
.stElementToolbar { display: none; }  /* of charts: nobody looks for photos with it */
.vs-skeleton { display: flex; flex-wrap: wrap; gap: 4px; }
.vs-skeleton span { height: 215px; min-width: 140px; border-radius: 3px; background: rgb(128 128 128 / 18%); }
[data-testid="stSidebarNavLink"]:focus-visible { outline: 2px solid currentcolor; outline-offset: -2px; }
</style>"""
