"""The report on a job: one HTML file that a manager sends around, made from one release.

`facts` asks, `draw` draws intervals as inline SVG, `page` writes the HTML, `write` puts it into a file or a mail.
"""
