"""The ahead-of-time compiler: .tflite bytes -> Graph -> MemoryPlan -> SourceTree of plain C99."""
