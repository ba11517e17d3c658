//! The dense weights in training: the tower and the weights of the content features.
//!
//! [`Dense`] is generic so that weights ([`Matrix`](crate::weights::Matrix)), gradients and Adam
//! moments (`Vec<f32>`), and leaves of the autodiff graph share one layout and cannot be paired in
//! the wrong order.

use crate::weights::{Layer, Matrix, Tower};

/// All dense weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dense<T> {
    pub tower: Tower<T>,
    /// `[feature_dim, layers[0]]`, the content features' part of the first layer
    pub first_feature: Option<T>,
}

impl<T> Dense<T> {
    /// Lists all weights in one fixed order.
    pub fn all(&self) -> Vec<&T> {
        let mut all = self.tower.all();
        all.extend(self.first_feature.as_ref());
        all
    }

    /// Lists all weights in the order of [`Dense::all`].
    pub fn all_mut(&mut self) -> Vec<&mut T> {
        let mut all = self.tower.all_mut();
        all.extend(self.first_feature.as_mut());
        all
    }

    /// Replaces every weight by `f` of it, in the same layout.
    pub fn try_map<U, E>(&self, mut f: impl FnMut(&T) -> Result<U, E>) -> Result<Dense<U>, E> {
        Ok(Dense {
            tower: self.tower.try_map(&mut f)?,
            first_feature: self.first_feature.as_ref().map(f).transpose()?,
        })
    }

    /// Replaces every weight by `f` of it, in the same layout.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> U) -> Dense<U> {
        match self.try_map(|weight| Ok::<U, std::convert::Infallible>(f(weight))) {
            Ok(mapped) => mapped,
            Err(never) => match never {},
        }
    }
}

impl<T> Tower<T> {
    /// Lists all weights in the order of [`Tower::all`].
    fn all_mut(&mut self) -> Vec<&mut T> {
        let mut all = vec![&mut self.first_user, &mut self.first_bias];
        all.extend(self.hidden.iter_mut().flat_map(|layer| [&mut layer.weight, &mut layer.bias]));
        all.extend([&mut self.out_gmf, &mut self.out_mlp, &mut self.out_bias]);
        all
    }

    fn try_map<U, E>(&self, f: &mut impl FnMut(&T) -> Result<U, E>) -> Result<Tower<U>, E> {
        let first_user = f(&self.first_user)?;
        let first_bias = f(&self.first_bias)?;
        let mut hidden = Vec::with_capacity(self.hidden.len());
        for layer in &self.hidden {
            hidden.push(Layer { weight: f(&layer.weight)?, bias: f(&layer.bias)? });
        }
        let out_gmf = f(&self.out_gmf)?;
        let out_mlp = f(&self.out_mlp)?;
        let out_bias = f(&self.out_bias)?;
        Ok(Tower { first_user, first_bias, hidden, out_gmf, out_mlp, out_bias })
    }
}

impl Matrix {
    /// Returns a matrix whose values are all `value`.
    pub fn constant(rows: usize, cols: usize, value: f32) -> Self {
        Self { rows, cols, values: vec![value; rows * cols] }
    }
}
