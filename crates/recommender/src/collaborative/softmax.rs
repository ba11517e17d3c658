use docent_snapshot::{Draft, Snapshot, Tensor};
use docent_softmax::{SoftmaxConfig, SoftmaxModel};

use super::{CollaborativeModel, ModelKind, kind_file};
use crate::Error;

/// [`SoftmaxModel`] with every person folded in from their history.
#[derive(Debug, Clone)]
pub struct SoftmaxRecommender(pub SoftmaxModel);

impl SoftmaxRecommender {
    /// The vector of a person. What they chose that nobody chose at training says nothing and is left out.
    fn fold_in(&self, history: &[(u32, f32)]) -> Result<Vec<f32>, Error> {
        let counts = self.0.item_counts();
        let is_known = |(item, _): &&(u32, f32)| counts.get(*item as usize).is_none_or(|count| *count > 0.0);
        let known: Vec<(u32, f32)> = history.iter().filter(is_known).copied().collect();
        Ok(self.0.fold_in(&known)?)
    }

    pub(super) fn load(snapshot: &Snapshot, name: &str) -> Result<Self, Error> {
        let config: SoftmaxConfig = snapshot.json(name)?;
        let mut file = snapshot.tensors(name)?;
        let mut take = |tensor| file.take_any(tensor).map(|(_, data)| data);
        let (factors, biases, counts) = (take("items")?, take("biases")?, take("counts")?);
        Ok(Self(SoftmaxModel::from_parts(config, factors, biases, counts)?))
    }
}

impl CollaborativeModel for SoftmaxRecommender {
    fn kind(&self) -> ModelKind {
        ModelKind::Softmax
    }

    fn n_items(&self) -> usize {
        self.0.n_items()
    }

    fn n_parameters(&self) -> usize {
        self.0.item_factors().len() + self.0.item_biases().len()
    }

    fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), Error> {
        Ok(self.0.score(&self.fold_in(history)?, items, scores)?)
    }

    fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), Error> {
        self.0.score_all(&self.fold_in(history)?, scores);
        Ok(())
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), Error> {
        draft.put_json(&kind_file(name), &self.kind())?;
        draft.put_json(name, self.0.config())?;
        let (n_items, model) = (self.n_items(), &self.0);
        let items = vec![n_items, model.config().dim];
        draft.put_tensors(
            name,
            &[
                Tensor::new("items", items, model.item_factors().to_vec())?,
                Tensor::new("biases", vec![n_items], model.item_biases().to_vec())?,
                Tensor::new("counts", vec![n_items], model.item_counts().to_vec())?,
            ],
        )?;
        Ok(())
    }
}
