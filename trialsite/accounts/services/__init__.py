"""The only writers of this app's tables. One module per noun."""
