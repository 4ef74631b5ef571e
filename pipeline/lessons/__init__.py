"""The ideas behind the models, one file each; `pipeline.lessons.catalog` finds them without a list."""
