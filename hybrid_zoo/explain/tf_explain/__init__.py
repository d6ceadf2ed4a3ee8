"""tf-explain as another backend of `explain`, and its callbacks in training."""
