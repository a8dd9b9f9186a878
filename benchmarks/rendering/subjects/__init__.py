"""One module an engine: a class `Subject` that renders both pages; see `benchmarks.rendering.pages`."""
