"""Runs a model over rows with the Python binding of ONNX Runtime, on one thread.

rows.py MODEL ROWS OUTPUTS     ROWS and OUTPUTS are raw little-endian float32; a row has the width of the model's input
rows.py MODEL ROWS --time N    prints the median and the 99th percentile of N calls with one row each, in nanoseconds,
                               by run_with_iobinding with input and output bound once
"""

import sys
import time

import numpy as np
import onnxruntime as ort


def session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def outputs(model, rows):
    return model.run(None, {model.get_inputs()[0].name: rows})[0].reshape(-1).astype("<f4")


def times(model, rows, count):
    one = np.ascontiguousarray(rows[:1])
    given = ort.OrtValue.ortvalue_from_numpy(one)
    answer = ort.OrtValue.ortvalue_from_numpy(np.zeros((1, 1), np.float32))
    binding = model.io_binding()
    binding.bind_ortvalue_input(model.get_inputs()[0].name, given)
    binding.bind_ortvalue_output(model.get_outputs()[0].name, answer)
    taken = np.empty(count, np.int64)
    for at in range(-200, count):
        before = time.perf_counter_ns()
        model.run_with_iobinding(binding)
        if at >= 0:
            taken[at] = time.perf_counter_ns() - before
    taken.sort()
    return int(taken[count // 2]), int(taken[count * 99 // 100])


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    model = session(arguments[0])
    width = model.get_inputs()[0].shape[1]
    rows = np.fromfile(arguments[1], "<f4").reshape(-1, width)
    if arguments[2] == "--time":
        print(*times(model, rows, int(arguments[3])))
    else:
        outputs(model, rows).tofile(arguments[2])


main(sys.argv[1:])
