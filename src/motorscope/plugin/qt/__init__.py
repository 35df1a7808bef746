"""Parts of Qt that the widgets share."""
