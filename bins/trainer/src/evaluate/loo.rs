//! `evaluate loo`: one held-out item a user among given negatives, as in He et al. 2017.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use docent::{
    collaborative::{InteractionMatrix, ModelKind, Objective},
    evaluation::{LeaveOneOutCase, leave_one_out},
};

use super::{
    Plan,
    files::{LARGEST_ID, Line, Lines, Train},
    report::Judged,
    run::{self, Scored},
};
use crate::{cli::ModelArgs, stop::Stop};

pub fn run(folder: &Path, args: &ModelArgs, stop: &Stop) -> anyhow::Result<()> {
    let plan = Plan::new(args, 10, |k| Objective::Sampled { negatives: 99, k })?;
    let (likes, cases) = read(folder)?;
    let histories = run::histories(&likes);
    let judge = |kind: ModelKind, model: &run::Model| {
        let by_k = leave_one_out(&cases, &plan.ks, |user, items, scores| {
            stop.check()?;
            let history = histories.get(user as usize).map_or(&[][..], Vec::as_slice);
            Ok::<(), anyhow::Error>(model.score(history, items, scores)?)
        })?;
        Ok(Scored { name: kind.name(), judged: Judged::of_users(&plan.ks, &by_k) })
    };
    run::all(&plan, "loo", &folder.display().to_string(), &likes, args, stop, judge)
}

/// The train pairs, and a case for each line of the test file.
fn read(folder: &Path) -> anyhow::Result<(InteractionMatrix, Vec<LeaveOneOutCase>)> {
    let train_path = file_named(folder, ".train.rating")?;
    let mut train = Train::new(&train_path);
    for line in Lines::open(&train_path)? {
        let line = line?;
        let (user, item) = pair(&line, (LARGEST_ID, LARGEST_ID))?;
        train.push(user, item);
    }
    let negatives_path = file_named(folder, ".test.negative")?;
    let limits = train.limits()?;
    let mut negatives = negatives_of(&negatives_path, limits)?;
    let test_path = file_named(folder, ".test.rating")?;
    let mut cases = Vec::new();
    for line in Lines::open(&test_path)? {
        let line = line?;
        let (user, item) = pair(&line, limits)?;
        let Some(of_case) = negatives.remove(&(user, item)) else {
            let missing = format!("a line ({user},{item}) with negatives in {}", negatives_path.display());
            return Err(line.wrong(&missing));
        };
        cases.push(LeaveOneOutCase { user, item, negatives: of_case });
    }
    anyhow::ensure!(
        !cases.is_empty(),
        "{}: expected at least one held-out item, got none",
        test_path.display()
    );
    let items = cases.iter().flat_map(|case| case.negatives.iter().copied().chain([case.item]));
    let (likes, catalogue) = train.matrix(items)?;
    for case in &mut cases {
        case.item = catalogue.index(case.item);
        case.negatives.iter_mut().for_each(|item| *item = catalogue.index(*item));
    }
    Ok((likes, cases))
}

/// `user <tab> item`, and what may follow.
fn pair(line: &Line, (users, items): (u32, u32)) -> anyhow::Result<(u32, u32)> {
    let mut fields = line.text.split('\t');
    let (Some(user), Some(item)) = (fields.next(), fields.next()) else {
        return Err(line.wrong("user, item, rating and time, separated by tabs"));
    };
    Ok((line.id(user, "a user", users)?, line.id(item, "an item", items)?))
}

/// `(user,item) <tab> negative <tab> negative …`
fn negatives_of(path: &Path, (users, items): (u32, u32)) -> anyhow::Result<HashMap<(u32, u32), Vec<u32>>> {
    let mut found = HashMap::new();
    for line in Lines::open(path)? {
        let line = line?;
        let mut fields = line.text.split('\t');
        let key = fields.next().and_then(|key| key.strip_prefix('(')?.strip_suffix(')')?.split_once(','));
        let Some((user, item)) = key else {
            return Err(line.wrong("(user,item) and then negatives, separated by tabs"));
        };
        let key = (line.id(user, "a user", users)?, line.id(item, "an item", items)?);
        let negatives =
            fields.map(|field| line.id(field, "an item", items)).collect::<anyhow::Result<Vec<u32>>>()?;
        if negatives.is_empty() {
            return Err(line.wrong("at least one negative"));
        }
        found.insert(key, negatives);
    }
    Ok(found)
}

/// The only file of the folder whose name ends so.
fn file_named(folder: &Path, end: &str) -> anyhow::Result<PathBuf> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("reading the folder {}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(end)))
        .collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => anyhow::bail!("{}: expected a file *{end}, there is none", folder.display()),
        several => {
            anyhow::bail!("{}: expected one file *{end}, there are {}", folder.display(), several.len())
        }
    }
}
