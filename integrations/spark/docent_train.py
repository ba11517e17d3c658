"""Fits members of a Docent blend with Spark, to the training data that Docent exported.

    docent-trainer export parquet --out FOLDER --splits
    spark-submit docent_train.py FOLDER
    docent-trainer train --factors FOLDER

FOLDER may be a path or a URL that Spark reads and writes. Each member is fitted three times: to the
part `train`, on which Docent chooses shares; to `train` and `validation`, by which it judges; and to
everything, which it publishes. README.md describes the files.
"""

import argparse
import json
import math
import sys
import time

from pyspark import __version__ as spark_version
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

FORMAT = 1
# Parts of the split that a member learns from, by the purpose that it serves.
SCOPES = {
    "choose": ["train"],
    "judge": ["train", "validation"],
    "publish": ["train", "validation", "holdout"],
}
# Weight of all pairs together, as a multiple of that of the observed ones: as in crates/als.
UNOBSERVED_MASS = 5.0
MIN_UNOBSERVED_WEIGHT = 1e-6
# Settings of the other members: the defaults of crates/item-item and crates/transitions.
KNN_NEIGHBORS, KNN_SHRINKAGE = 100, 10.0
RP3_NEIGHBORS, RP3_BETA = 500, 0.3
TRANSITIONS = {"window": 10, "gap_decay": 5.0, "source": 0.5, "target": 0.3, "backward": 0.25, "neighbors": 500}


def main() -> None:
    args = parsed_arguments()
    spark = SparkSession.builder.appName("docent").getOrCreate()
    split = json.loads(spark.read.text(f"{args.folder}/manifest.json", wholetext=True).head()[0])
    if split["format"] != FORMAT:
        sys.exit(f"{args.folder}/manifest.json: format {split['format']}: this program reads {FORMAT}")
    members = ["als", "itemknn", "rp3beta"] + (["transitions"] if split["ordered"] else [])
    # A run that is killed leaves members of two runs; the trainer refuses them by this mark.
    write_manifest(spark, args.folder, split, members, finished=False)
    # Docent writes whole numbers in 64 bits; ALS and the trainer take 32.
    events = spark.read.parquet(f"{args.folder}/events").select(
        F.col("user").cast("int").alias("user"),
        F.col("item").cast("int").alias("item"),
        F.col("confidence").cast("double").alias("confidence"),
        "place",
        "part",
    )
    for scope, parts in SCOPES.items():
        known = events.where(F.col("part").isin(parts)).drop("part").cache()
        begun = time.monotonic()
        write(als(known, split["resources"], args), args.folder, "als", scope)
        begun = report(scope, "als", begun)
        walk, cosine = co_interactions(known, args.max_history)
        write(walk, args.folder, "rp3beta", scope)
        write(cosine, args.folder, "itemknn", scope)
        begun = report(scope, "rp3beta and itemknn", begun)
        if split["ordered"]:
            write(transitions(known), args.folder, "transitions", scope)
            report(scope, "transitions", begun)
        spark.catalog.clearCache()
    write_manifest(spark, args.folder, split, members, finished=True)
    spark.stop()


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="folder of `docent-trainer export parquet --splits`")
    parser.add_argument("--rank", type=int, default=64, help="length of the factors of ALS [default: 64]")
    parser.add_argument("--sweeps", type=int, default=12, help="iterations of ALS [default: 12]")
    parser.add_argument(
        "--noise-multiple", type=float, default=0.2, help="ridge of ALS as a multiple of the noise [default: 0.2]"
    )
    parser.add_argument("--blocks", type=int, default=10, help="blocks of users and items of ALS [default: 10]")
    parser.add_argument(
        "--max-history",
        type=int,
        default=1000,
        help="newest events of a user that co-interactions count; time grows with its square [default: 1000]",
    )
    parser.add_argument("--seed", type=int, default=42, help="seed of the initial factors [default: 42]")
    return parser.parse_args()


def als(events: DataFrame, resources: int, args: argparse.Namespace) -> DataFrame:
    """Returns the factors of items.

    Docent minimises `sum c (1 - p.q)^2` over observed pairs and `w0 (p.q)^2` over all pairs, under
    ridges `lambda (n + mass)` of rows with `n` pairs, whose mass is UNOBSERVED_MASS times the mean
    confidence for each pair of a mean row (decisions 19 and 24). Spark minimises `(1 + alpha c) (1 -
    p.q)^2` over observed pairs and `(p.q)^2` over the others, under ridges `regParam n`. Divided by
    `w0` the first is the second with `alpha = 1 / w0` and, for the mean row, `regParam = lambda (1 +
    mass / n) / w0`. Spark's ridge leaves rare items freer and holds popular ones back, so its best
    multiple of the noise is another (decision 58).
    """
    numbers = events.agg(
        F.count("*").alias("pairs"),
        F.countDistinct("user").alias("users"),
        F.countDistinct("item").alias("items"),
        F.sum("confidence").alias("observed"),
    ).head()
    per_user, per_item = numbers["pairs"] / numbers["users"], numbers["pairs"] / numbers["items"]
    noise = (1.0 / math.sqrt(per_user) + 1.0 / math.sqrt(per_item)) / (1.0 + UNOBSERVED_MASS)
    weight = UNOBSERVED_MASS * numbers["observed"] / (numbers["users"] * resources)
    weight = min(max(weight, MIN_UNOBSERVED_WEIGHT), 1.0)
    mass = UNOBSERVED_MASS * numbers["observed"] / numbers["pairs"]
    trained = ALS(
        rank=args.rank,
        maxIter=args.sweeps,
        regParam=args.noise_multiple * noise * (1.0 + mass) / weight,
        alpha=1.0 / weight,
        implicitPrefs=True,
        numUserBlocks=args.blocks,
        numItemBlocks=args.blocks,
        seed=args.seed,
        userCol="user",
        itemCol="item",
        ratingCol="confidence",
    ).fit(events)
    return trained.itemFactors.select(F.col("id").alias("item"), F.col("features").alias("factors"))


def co_interactions(events: DataFrame, max_history: int) -> tuple[DataFrame, DataFrame]:
    """Returns the rows of `rp3beta` and of `itemknn`, as crates/item-item defines them.

    Both are sums over the users that two items share, so one pass over the pairs serves both.
    """
    newest = Window.partitionBy("user").orderBy(F.desc("place"))
    events = events.withColumn("rank", F.row_number().over(newest)).where(F.col("rank") <= max_history)
    events = events.select("user", "item", "confidence").cache()
    mass = events.groupBy("user").agg(F.sum("confidence").alias("mass"))
    of_item = events.groupBy("item").agg(
        F.sum("confidence").alias("mass"), F.sqrt(F.sum(F.col("confidence") ** 2)).alias("norm")
    )
    of_item = of_item.cache()
    left = events.join(mass, "user").select("user", F.col("item").alias("a"), F.col("confidence").alias("x"), "mass")
    right = events.select("user", F.col("item").alias("b"), F.col("confidence").alias("y"))
    product = F.col("x") * F.col("y")
    half = (
        left.join(right, "user")
        .where(F.col("a") < F.col("b"))
        .groupBy("a", "b")
        .agg(F.sum(product).alias("overlap"), F.sum(product / F.col("mass")).alias("walk"))
    )
    half = half.cache()
    both = half.select(F.col("a").alias("item"), F.col("b").alias("other"), "overlap", "walk").unionByName(
        half.select(F.col("b").alias("item"), F.col("a").alias("other"), "overlap", "walk")
    )
    both = both.join(F.broadcast(of_item), "item").join(
        F.broadcast(of_item.select(F.col("item").alias("other"), F.col("mass").alias("mass_of_other"), F.col("norm").alias("norm_of_other"))),
        "other",
    )
    arrivals = F.col("walk") / F.col("mass") * F.col("mass_of_other") ** -RP3_BETA
    walk = largest(both.select("item", "other", arrivals.alias("weight")), "item", RP3_NEIGHBORS)
    similarity = F.col("overlap") / (F.col("norm") * F.col("norm_of_other") + KNN_SHRINKAGE)
    # Here it is the target that keeps its neighbours.
    cosine = largest(both.select("item", "other", similarity.alias("weight")), "other", KNN_NEIGHBORS)
    return walk, cosine


def transitions(events: DataFrame) -> DataFrame:
    """Returns the rows of `transitions`, as crates/transitions defines them."""
    window, decay = TRANSITIONS["window"], TRANSITIONS["gap_decay"]
    history = Window.partitionBy("user").orderBy("place")
    later = F.array(*[F.lead("item", gap).over(history) for gap in range(1, window + 1)])
    follows = (
        # Spark does not explode what a window computes in the same step.
        events.select("item", later.alias("later"))
        .select(F.col("item").alias("a"), F.posexplode("later").alias("gap", "b"))
        .where(F.col("b").isNotNull() & (F.col("a") != F.col("b")))
        .groupBy("a", "b")
        .agg(F.sum(F.exp(-F.col("gap") / decay)).alias("count"))
    )
    follows = follows.cache()
    forth = follows.select(F.col("a").alias("item"), F.col("b").alias("other"), "count")
    back = follows.select(
        F.col("b").alias("item"), F.col("a").alias("other"), (TRANSITIONS["backward"] * F.col("count")).alias("count")
    )
    counts = forth.unionByName(back).groupBy("item", "other").agg(F.sum("count").alias("count"))
    sizes = events.groupBy("item").agg(F.count("*").alias("n"))
    counts = counts.join(F.broadcast(sizes), "item").join(
        F.broadcast(sizes.select(F.col("item").alias("other"), F.col("n").alias("n_of_other"))), "other"
    )
    weight = F.col("count") * F.col("n") ** -TRANSITIONS["source"] * F.col("n_of_other") ** -TRANSITIONS["target"]
    return largest(counts.select("item", "other", weight.alias("weight")), "item", TRANSITIONS["neighbors"])


def largest(rows: DataFrame, side: str, keep: int) -> DataFrame:
    """Keeps the largest weights of each item on a side."""
    order = Window.partitionBy(side).orderBy(F.desc("weight"), "item" if side == "other" else "other")
    kept = rows.withColumn("rank", F.row_number().over(order)).where(F.col("rank") <= keep)
    return kept.select("item", "other", F.col("weight").cast("float").alias("weight"))


def write(rows: DataFrame, folder: str, kind: str, scope: str) -> None:
    rows.write.mode("overwrite").option("compression", "zstd").parquet(f"{folder}/members/{kind}/scope={scope}")


def write_manifest(spark: SparkSession, folder: str, split: dict, members: list[str], finished: bool) -> None:
    text = json.dumps(
        {
            "format": FORMAT,
            "finished": finished,
            "program": f"spark {spark_version}",
            "split": split,
            "members": members,
        }
    )
    rows = spark.createDataFrame([(text,)], "value string").coalesce(1)
    rows.write.mode("overwrite").text(f"{folder}/members/manifest")


def report(scope: str, what: str, begun: float) -> float:
    now = time.monotonic()
    print(f"{scope}: {what} in {now - begun:.1f} s", flush=True)
    return now


if __name__ == "__main__":
    main()
