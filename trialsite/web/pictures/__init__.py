"""Pictures: what is drawn is said once, as plain values, and written twice, as SVG for the page and as PDF.

`marks` holds the values, `scales` puts numbers and days into coordinates, `parts` draws axes and legends, `svg` writes
the page's picture. Nothing here reads the database or knows what a picture is about.
"""
