//! `evaluate ranking`: the held-out items of each user among the whole catalogue.

use std::path::Path;

use docent::{
    collaborative::{InteractionMatrix, ModelKind, Objective, Popularity},
    evaluation::{RankingCase, full_ranking, list_metrics},
};

use super::{
    Plan,
    files::{LARGEST_ID, Lines, Train},
    report::Judged,
    run::{self, Scored},
};
use crate::{cli::ModelArgs, stop::Stop};

pub fn run(train: &Path, test: &Path, args: &ModelArgs, stop: &Stop) -> anyhow::Result<()> {
    let plan = Plan::new(args, 20, |k| Objective::Full { k })?;
    let (likes, cases) = read(train, test)?;
    let histories = run::histories(&likes);
    let people = Columns::of(&likes);
    let judge = |kind: ModelKind, model: &run::Model| {
        let (by_k, lists) = full_ranking(&cases, &plan.ks, |user, scores| {
            stop.check()?;
            let history = histories.get(user as usize).map_or(&[][..], Vec::as_slice);
            Ok::<(), anyhow::Error>(model.score_all(history, scores)?)
        })?;
        let longest = plan.ks.iter().copied().max().unwrap_or_default();
        let of_lists = list_metrics(&lists, &people.counts, likes.n_rows(), |a, b| people.distance(a, b));
        Ok(Scored {
            name: kind.name(),
            judged: Judged::of_users(&plan.ks, &by_k).with_lists(longest, &of_lists),
        })
    };
    let data = format!("{} {}", train.display(), test.display());
    run::all(&plan, "ranking", &data, &likes, args, stop, judge)
}

fn read(train_path: &Path, test_path: &Path) -> anyhow::Result<(InteractionMatrix, Vec<RankingCase>)> {
    let mut train = Train::new(train_path);
    for_each(train_path, (LARGEST_ID, LARGEST_ID), |user, items| {
        items.into_iter().for_each(|item| train.push(user, item));
    })?;
    let mut cases = Vec::new();
    for_each(test_path, train.limits()?, |user, items| {
        if !items.is_empty() {
            cases.push(RankingCase { user, seen: Vec::new(), relevant: items.into_iter().collect() });
        }
    })?;
    anyhow::ensure!(
        !cases.is_empty(),
        "{}: expected at least one held-out item, got none",
        test_path.display()
    );
    let relevant = cases.iter().flat_map(|case: &RankingCase| case.relevant.iter().copied());
    let (likes, catalogue) = train.matrix(relevant)?;
    for case in &mut cases {
        case.seen = likes.row(case.user as usize).0.to_vec();
        let relevant = case.relevant.iter().map(|&item| catalogue.index(item));
        case.relevant = relevant.filter(|item| case.seen.binary_search(item).is_err()).collect();
    }
    cases.retain(|case| !case.relevant.is_empty());
    Ok((likes, cases))
}

/// Lines `user item item …`
fn for_each(
    path: &Path,
    (users, items): (u32, u32),
    mut found: impl FnMut(u32, Vec<u32>),
) -> anyhow::Result<()> {
    for line in Lines::open(path)? {
        let line = line?;
        let mut fields = line.text.split_whitespace();
        let user = line.id(fields.next().unwrap_or_default(), "a user", users)?;
        let of_user = fields.map(|field| line.id(field, "an item", items)).collect::<anyhow::Result<_>>()?;
        found(user, of_user);
    }
    Ok(())
}

/// Who chose each item.
struct Columns {
    liked_by: InteractionMatrix,
    counts: Vec<u32>,
}

impl Columns {
    fn of(likes: &InteractionMatrix) -> Self {
        let counts = Popularity::of(likes).counts().iter().map(|count| *count as u32).collect();
        Self { liked_by: likes.transposed(), counts }
    }

    /// One minus the cosine of who chose the two.
    fn distance(&self, a: u32, b: u32) -> f64 {
        let (of_a, of_b) = (self.liked_by.row(a as usize).0, self.liked_by.row(b as usize).0);
        let (few, many) = if of_a.len() < of_b.len() { (of_a, of_b) } else { (of_b, of_a) };
        let both = few.iter().filter(|user| many.binary_search(user).is_ok()).count() as f64;
        let norm = (few.len() as f64 * many.len() as f64).sqrt();
        if norm > 0.0 { 1.0 - both / norm } else { 1.0 }
    }
}
