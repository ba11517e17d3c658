//! A checkerboard: even users like even items, odd users like odd items. The users' vectors hint at
//! the structure; the items' vectors do not.

use docent_ncf::{NcfConfig, NcfError, Scorer, TrainingData};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub const SIDE: usize = 40;
pub const DIM: usize = 8;

pub struct Board {
    pub user_base: Vec<f32>,
    pub item_base: Vec<f32>,
    pub positives: Vec<(u32, u32)>,
}

/// Returns true for pairs held out from training, about a fifth of all.
pub fn is_held_out(user: u32, item: u32) -> bool {
    (user / 2 + item / 2).is_multiple_of(5)
}

impl Board {
    pub fn new() -> Self {
        let side = SIDE as u32;
        let pairs = (0..side).flat_map(|user| (0..side).map(move |item| (user, item)));
        let positives =
            pairs.filter(|&(user, item)| user % 2 == item % 2 && !is_held_out(user, item)).collect();
        let mut user_base = random(SIDE * DIM, 1);
        for (user, base) in user_base.chunks_mut(DIM).enumerate() {
            base[0] = if user % 2 == 0 { 0.2 } else { -0.2 };
        }
        Self { user_base, item_base: random(SIDE * DIM, 2), positives }
    }

    pub fn data(&self) -> TrainingData<'_> {
        TrainingData {
            n_users: SIDE,
            n_items: SIDE,
            user_base: &self.user_base,
            item_base: &self.item_base,
            positives: &self.positives,
            item_features: None,
            leave_one_out: None,
        }
    }

    pub fn base(&self, user: u32) -> &[f32] {
        &self.user_base[user as usize * DIM..][..DIM]
    }

    /// Computes the share of pairs (held-out liked item, item of the other colour) in the right
    /// order, over all users.
    pub fn auc(&self, scorer: &Scorer<'_>) -> Result<f64, NcfError> {
        let (mut right, mut all) = (0, 0);
        for user in 0..SIDE as u32 {
            let scores = self.scores(scorer, user)?;
            let of = |keep: &dyn Fn(u32) -> bool| -> Vec<f32> {
                (0..SIDE as u32).filter(|&item| keep(item)).map(|item| scores[item as usize]).collect()
            };
            let liked = of(&|item| item % 2 == user % 2 && is_held_out(user, item));
            let others = of(&|item| item % 2 != user % 2);
            right += liked.iter().flat_map(|a| others.iter().filter(move |b| a > *b)).count();
            all += liked.len() * others.len();
        }
        Ok(right as f64 / all as f64)
    }

    /// Computes the scores of all items for a user.
    pub fn scores(&self, scorer: &Scorer<'_>, user: u32) -> Result<Vec<f32>, NcfError> {
        let items: Vec<u32> = (0..SIDE as u32).collect();
        let mut scores = Vec::new();
        scorer.score(self.base(user), &items, &mut scores)?;
        Ok(scores)
    }
}

pub fn config() -> NcfConfig {
    NcfConfig {
        dim: DIM,
        layers: vec![16, 8],
        epochs: 3,
        batch_size: 32,
        learning_rate: 0.01,
        ..NcfConfig::default()
    }
}

pub fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..len).map(|_| rng.random_range(-0.3..0.3)).collect()
}

pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
