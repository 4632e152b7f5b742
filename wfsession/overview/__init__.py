"""What is going on, as values: made once, shown in a terminal and in a browser.

Imports the rooms below, and neither `cli` nor `web`. Reads only; prints nothing, and is told where
everything lies.
"""
