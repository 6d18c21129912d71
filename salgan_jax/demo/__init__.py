"""The page in a browser that shows what a checkpoint predicts; Gradio is in `page`."""
