"""The ideas behind the models, one file each; `tinyml_pipeline.show.lessons.catalog` finds them without a list."""
