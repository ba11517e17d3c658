"""NeuMF in PyTorch with dense Adam: the peer that docent-ncf's speed is compared with.

    pip install torch numpy
    python docs/benchmarks/neumf_torch.py
    cargo run --locked --release -p docent-ncf --features train --example throughput

Both print rows (user, item, label) a second at 256 and 4,096 rows a step, over 6,040 users and 3,706 items, with
64-dim embeddings and layers of 128, 64 and 32; run them one after the other on the same idle cores.
"""

import os
import time

import torch

USERS, ITEMS, DIM, LAYERS = 6_040, 3_706, 64, (128, 64, 32)
ROWS, STEPS = (256, 4_096), 200


class NeuMF(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.user_gmf, self.user_mlp = torch.nn.Embedding(USERS, DIM), torch.nn.Embedding(USERS, DIM)
        self.item_gmf, self.item_mlp = torch.nn.Embedding(ITEMS, DIM), torch.nn.Embedding(ITEMS, DIM)
        for table in (self.user_gmf, self.user_mlp, self.item_gmf, self.item_mlp):
            torch.nn.init.normal_(table.weight, std=0.01)
        widths = (2 * DIM, *LAYERS)
        layers = [(torch.nn.Linear(a, b), torch.nn.ReLU()) for a, b in zip(widths, widths[1:])]
        self.mlp = torch.nn.Sequential(*(part for layer in layers for part in layer))
        self.out = torch.nn.Linear(DIM + LAYERS[-1], 1)

    def forward(self, user, item):
        gmf = self.user_gmf(user) * self.item_gmf(item)
        mlp = self.mlp(torch.cat([self.user_mlp(user), self.item_mlp(item)], 1))
        return self.out(torch.cat([gmf, mlp], 1)).squeeze(1)


def median_step(rows):
    torch.manual_seed(1)
    model = NeuMF()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss = torch.nn.BCEWithLogitsLoss()
    seconds = []
    for _ in range(STEPS):
        user, item = torch.randint(USERS, (rows,)), torch.randint(ITEMS, (rows,))
        label = (torch.rand(rows) < 0.2).float()
        start = time.perf_counter()
        optimiser.zero_grad()
        loss(model(user, item), label).backward()
        optimiser.step()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[STEPS // 2]


if __name__ == "__main__":
    torch.set_num_threads(os.cpu_count())
    for rows in ROWS:
        step = median_step(rows)
        print(f"torch {torch.__version__}, {rows:>5} rows a step: {step * 1e3:7.2f} ms, {rows / step:>9.0f} rows/s")
