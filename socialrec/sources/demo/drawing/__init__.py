"""Pictures of the demo world's products: shapes by category, looks by style, and the rendering of both.

A picture tells category and style as a photograph does: by form, colour and pattern, with another background, place,
size, turn and light each time. Nothing here knows files or landing days.
"""
