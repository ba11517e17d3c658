//! The requests: mixed traffic of users who ask by a Zipf law.

use anyhow::Context;
use rand::{RngExt, SeedableRng, distr::Distribution, rngs::StdRng};
use rand_distr::Zipf;
use reqwest::{Client, RequestBuilder, header::ACCEPT_ENCODING};
use serde_json::json;

use crate::LoadArgs;

/// Kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Recommendations,
    Similar,
    Interactions,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Recommendations, Self::Similar, Self::Interactions];

    pub fn name(self) -> &'static str {
        match self {
            Self::Recommendations => "recommendations",
            Self::Similar => "similar",
            Self::Interactions => "interactions",
        }
    }
}

/// One request, before it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    pub kind: Kind,
    user: u32,
    resource: u32,
}

/// Draws requests; the same ones for the same seed.
pub struct Traffic {
    random: StdRng,
    users: Zipf<f64>,
    n_users: u32,
    resources: u32,
    /// Percent of the kinds, in their order.
    mix: [f64; 3],
}

impl Traffic {
    /// Prepares the traffic of one sender.
    ///
    /// # Errors
    /// Returns an error for a size, a mix or an exponent out of range.
    pub fn new(arguments: &LoadArgs, sender: u64) -> anyhow::Result<Self> {
        let size = &arguments.size;
        anyhow::ensure!(size.users > 0 && size.resources > 0, "there must be users and resources");
        let mix = <[f64; 3]>::try_from(arguments.mix.clone())
            .ok()
            .filter(|mix| mix.iter().all(|part| *part >= 0.0) && mix.iter().sum::<f64>() > 0.0)
            .context("--mix needs three numbers of at least 0, such as 90,5,5")?;
        Ok(Self {
            random: StdRng::seed_from_u64(size.seed.wrapping_mul(1_000_003).wrapping_add(sender)),
            users: Zipf::new(f64::from(size.users), arguments.zipf).context("--zipf must be at least 0")?,
            n_users: size.users,
            resources: size.resources,
            mix,
        })
    }

    /// Draws the next request.
    pub fn next(&mut self) -> Planned {
        let [recommendations, similar, interactions] = self.mix;
        let drawn = self.random.random::<f64>() * (recommendations + similar + interactions);
        let kind = match drawn {
            drawn if drawn < recommendations => Kind::Recommendations,
            drawn if drawn < recommendations + similar => Kind::Similar,
            _ => Kind::Interactions,
        };
        // The law counts from 1. User 0 of the library is the most active one.
        let user = (self.users.sample(&mut self.random) as u32).clamp(1, self.n_users) - 1;
        Planned { kind, user, resource: self.random.random_range(0..self.resources) }
    }
}

/// Makes HTTP requests of planned ones.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    url: String,
    limit: usize,
    gzip: bool,
}

impl Sender {
    pub fn new(client: Client, arguments: &LoadArgs) -> Self {
        let url = arguments.url.trim_end_matches('/').to_owned();
        Self { client, url, limit: arguments.limit, gzip: arguments.gzip }
    }

    pub fn request(&self, planned: Planned) -> RequestBuilder {
        let (url, limit) = (&self.url, self.limit);
        let (user, resource) = (format!("user-{}", planned.user), format!("resource-{}", planned.resource));
        let request = match planned.kind {
            Kind::Recommendations => {
                self.client.get(format!("{url}/api/recommendations?user_id={user}&limit={limit}"))
            }
            Kind::Similar => self.client.get(format!("{url}/api/resources/{resource}/similar")),
            Kind::Interactions => {
                let body =
                    json!({ "user_id": user, "resource_id": resource, "interaction_type": "collection_add" });
                self.client.post(format!("{url}/api/interactions")).json(&body)
            }
        };
        if self.gzip { request.header(ACCEPT_ENCODING, "gzip") } else { request }
    }
}
