#!/usr/bin/env python3
"""Trains scenarios/single.toml in Python's torch and compares the loss curves.

Usage: lenet5.py METRICS_CSV [DATA_FOLDER]
"""

import csv
import gzip
import pathlib
import sys

import numpy
import torch
from torch import nn

EPOCHS = 6
BATCH = 32
SEEDS = (1, 2, 3)


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    rank = data[3]
    shape = numpy.frombuffer(data, ">u4", rank, 4).astype(int)
    return numpy.frombuffer(data, "u1", -1, 4 + 4 * rank).reshape(shape)


def load(folder):
    def part(name):
        pictures = read_idx(folder / f"{name}-images-idx3-ubyte.gz")
        labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz")
        x = torch.from_numpy(pictures.astype("f4") / 255).unsqueeze(1)
        return x, torch.from_numpy(labels.astype("i8"))

    train, test = part("train"), part("t10k")
    mean, std = train[0].mean(), train[0].std()
    return ((train[0] - mean) / std, train[1]), ((test[0] - mean) / std, test[1])


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10))


def train(seed, data, test):
    torch.manual_seed(seed)
    net = lenet5()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9)
    curve = []
    for _ in range(EPOCHS):
        total = 0.0
        order = torch.randperm(len(data[1]))
        for indices in order.split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(
                net(data[0][indices]), data[1][indices])
            loss.backward()
            optimizer.step()
            total += loss.item()
        with torch.no_grad():
            scores = torch.cat([net(x) for x in test[0].split(1000)])
        accuracy = (scores.argmax(1) == test[1]).float().mean().item()
        curve.append((total / (len(order) // BATCH), accuracy))
        print(f"seed {seed}: {len(curve)}/{EPOCHS} loss {curve[-1][0]:.4f} "
              f"accuracy {accuracy:.4f}", file=sys.stderr)
    return curve


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder = sys.argv[2] if len(sys.argv) == 3 else \
        "/usr/share/datasets/fashion-mnist"
    data, test = load(pathlib.Path(folder))
    with open(sys.argv[1], newline="") as file:
        ours = [(float(row["train_loss"]), float(row["test_acc"]))
                for row in csv.DictReader(file)]
    theirs = numpy.array([train(seed, data, test) for seed in SEEDS])
    mean, std = theirs.mean(0), theirs.std(0, ddof=1)
    # A single run beside three: four standard deviations, and never less than
    # what one batch of test pictures or a digit of the loss amounts to.
    allowed = numpy.maximum(4 * std, [0.01, 0.01])
    print("| epoch | loss | torch | test acc % | torch | within noise |")
    print("|---|---|---|---|---|---|")
    good = len(ours) == EPOCHS
    for k, own in enumerate(ours[:EPOCHS]):
        near = (abs(numpy.array(own) - mean[k]) <= allowed[k]).all()
        good = good and near
        print(f"| {k + 1} | {own[0]:.4f} | {mean[k][0]:.4f} ± {std[k][0]:.4f} "
              f"| {100 * own[1]:.2f} | {100 * mean[k][1]:.2f} ± "
              f"{100 * std[k][1]:.2f} | {'yes' if near else 'NO'} |")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
