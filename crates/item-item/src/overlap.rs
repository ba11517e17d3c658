use docent_domain::InteractionMatrix;

/// Inner products of one item's column with all columns that share a person with it, itself included.
pub(crate) struct Overlap<'a> {
    likes: &'a InteractionMatrix,
    liked_by: &'a InteractionMatrix,
    products: Vec<f32>,
    touched: Vec<u32>,
}

impl<'a> Overlap<'a> {
    /// Over `likes` and its transpose.
    pub(crate) fn new(likes: &'a InteractionMatrix, liked_by: &'a InteractionMatrix) -> Self {
        Self { likes, liked_by, products: vec![0.0; likes.n_cols()], touched: Vec::new() }
    }

    /// `(other, product)` in no particular order.
    pub(crate) fn of(&mut self, item: usize) -> Vec<(u32, f32)> {
        let (users, confidences) = self.liked_by.row(item);
        for (&user, confidence) in users.iter().zip(confidences) {
            let (others, values) = self.likes.row(user as usize);
            for (&other, value) in others.iter().zip(values) {
                let Some(product) = self.products.get_mut(other as usize) else { continue };
                if *product == 0.0 {
                    self.touched.push(other);
                }
                *product += confidence * value;
            }
        }
        let products = &mut self.products;
        let take = |other: u32| {
            let product = products.get_mut(other as usize).map(std::mem::take);
            (other, product.unwrap_or_default())
        };
        self.touched.drain(..).map(take).collect()
    }
}
