//! The dense weights: few, small, all of them used by every score.
//!
//! [`Dense`] is generic so that weights (`Matrix`), their Adam moments and gradients (`Vec<f32>`) and the leaves of
//! the autodiff graph (`Tensor<2>`) share one layout, and cannot be paired in the wrong order.

/// A row-major matrix on the host.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    pub rows: usize,
    pub cols: usize,
    pub values: Vec<f32>,
}

impl Matrix {
    pub fn constant(rows: usize, cols: usize, value: f32) -> Self {
        Self { rows, cols, values: vec![value; rows * cols] }
    }
}

/// The weights of one hidden layer after the first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer<T> {
    /// `[width of the layer before, width]`
    pub weight: T,
    /// `[1, width]`
    pub bias: T,
}

/// The weights that a request needs: everything but what depends on the item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tower<T> {
    /// `[dim, layers[0]]`, the user's part of the first layer
    pub first_user: T,
    /// `[1, layers[0]]`
    pub first_bias: T,
    /// The layers from the second on
    pub hidden: Vec<Layer<T>>,
    /// `[1, dim]`
    pub out_gmf: T,
    /// `[last width, 1]`
    pub out_mlp: T,
    /// `[1, 1]`
    pub out_bias: T,
}

/// All dense weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dense<T> {
    pub tower: Tower<T>,
    /// `[feature_dim, layers[0]]`, the content features' part of the first layer
    pub first_feature: Option<T>,
}

impl<T> Tower<T> {
    /// All weights, in the order of [`Tower::map`].
    pub fn all(&self) -> Vec<&T> {
        let mut all = vec![&self.first_user, &self.first_bias];
        all.extend(self.hidden.iter().flat_map(|layer| [&layer.weight, &layer.bias]));
        all.extend([&self.out_gmf, &self.out_mlp, &self.out_bias]);
        all
    }

    fn all_mut(&mut self) -> Vec<&mut T> {
        let mut all = vec![&mut self.first_user, &mut self.first_bias];
        all.extend(self.hidden.iter_mut().flat_map(|layer| [&mut layer.weight, &mut layer.bias]));
        all.extend([&mut self.out_gmf, &mut self.out_mlp, &mut self.out_bias]);
        all
    }

    fn try_map<U, E>(&self, f: &mut impl FnMut(&T) -> Result<U, E>) -> Result<Tower<U>, E> {
        Ok(Tower {
            first_user: f(&self.first_user)?,
            first_bias: f(&self.first_bias)?,
            hidden: self
                .hidden
                .iter()
                .map(|layer| Ok(Layer { weight: f(&layer.weight)?, bias: f(&layer.bias)? }))
                .collect::<Result<_, E>>()?,
            out_gmf: f(&self.out_gmf)?,
            out_mlp: f(&self.out_mlp)?,
            out_bias: f(&self.out_bias)?,
        })
    }
}

impl<T> Dense<T> {
    /// All weights, in one fixed order.
    pub fn all(&self) -> Vec<&T> {
        let mut all = self.tower.all();
        all.extend(self.first_feature.as_ref());
        all
    }

    /// All weights, in the order of [`Dense::all`].
    pub fn all_mut(&mut self) -> Vec<&mut T> {
        let mut all = self.tower.all_mut();
        all.extend(self.first_feature.as_mut());
        all
    }

    /// The same layout with every weight replaced.
    pub fn try_map<U, E>(&self, mut f: impl FnMut(&T) -> Result<U, E>) -> Result<Dense<U>, E> {
        Ok(Dense {
            tower: self.tower.try_map(&mut f)?,
            first_feature: self.first_feature.as_ref().map(f).transpose()?,
        })
    }

    /// The same layout with every weight replaced.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> U) -> Dense<U> {
        match self.try_map(|weight| Ok::<U, std::convert::Infallible>(f(weight))) {
            Ok(mapped) => mapped,
            Err(never) => match never {},
        }
    }
}
