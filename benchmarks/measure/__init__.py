"""The measurements, one a module. Each returns values of benchmarks.figures and prints nothing."""
