"""The models, one file each; `tinyml_pipeline.models.catalog` finds them without a list."""
