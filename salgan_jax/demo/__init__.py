"""The page in a browser that shows what a checkpoint predicts.

Gradio is in `page`, `one_image` and `many_images`, and nowhere else.
"""
