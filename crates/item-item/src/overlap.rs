use docent_domain::InteractionMatrix;

/// Computes the inner products of one item's column with all columns that share a user with it,
/// itself included.
pub(crate) struct Overlap<'a> {
    likes: &'a InteractionMatrix,
    liked_by: &'a InteractionMatrix,
    /// `[n_items]`; zero between calls.
    products: Vec<f32>,
    /// Items whose product is not zero.
    touched: Vec<u32>,
}

impl<'a> Overlap<'a> {
    /// Allocates buffers for `likes` `[n_users, n_items]` and its transpose.
    pub(crate) fn new(likes: &'a InteractionMatrix, liked_by: &'a InteractionMatrix) -> Self {
        Self { likes, liked_by, products: vec![0.0; likes.n_cols()], touched: Vec::new() }
    }

    /// Returns `(other, product)` for each item that overlaps with `item`, in no particular order.
    ///
    /// Walks from the item to its users and on to their items: the work is the sum of the lengths
    /// of those histories, whatever the size of the catalogue.
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
        let mut overlaps = Vec::with_capacity(self.touched.len());
        for other in self.touched.drain(..) {
            let product = self.products.get_mut(other as usize).map(std::mem::take);
            overlaps.push((other, product.unwrap_or_default()));
        }
        overlaps
    }
}
