"""What everything runs on: devices, ONNX Runtime, threads, batching, files, settings, weights."""
