use std::collections::{HashMap, HashSet};

use docent::{DomainError, Link, Resource, ResourceId};

use super::Place;

/// Links that came apart from their resources, until they are joined with them.
#[derive(Debug, Default)]
pub struct Links {
    of_source: HashMap<ResourceId, Vec<(Link, Place)>>,
    attached: HashSet<ResourceId>,
}

impl Links {
    /// Keeps a link that breaks no rule.
    pub fn add(&mut self, source: ResourceId, link: Link, place: Place) -> Result<(), DomainError> {
        // The rules of links are checked as a part of their resource.
        let mut probe = Resource::new(source.clone(), "probe");
        probe.links.push(link.clone());
        probe.check()?;
        self.of_source.entry(source).or_default().push((link, place));
        Ok(())
    }

    /// Adds what there is for a resource to the links that it has.
    pub fn attach(&mut self, resource: &mut Resource) {
        let Some(links) = self.of_source.get(&resource.id) else { return };
        for (link, _) in links {
            resource.links.retain(|old| (&old.target, &old.kind) != (&link.target, &link.kind));
            resource.links.push(link.clone());
        }
        self.attached.insert(resource.id.clone());
    }

    /// Sources whose resource has not come, in a fixed order.
    pub fn waiting(&self) -> Vec<ResourceId> {
        let mut waiting: Vec<ResourceId> =
            self.of_source.keys().filter(|source| !self.attached.contains(*source)).cloned().collect();
        waiting.sort();
        waiting
    }

    /// Where the links of a source are from.
    pub fn places(&self, source: &ResourceId) -> Vec<Place> {
        self.of_source.get(source).into_iter().flatten().map(|(_, place)| place.clone()).collect()
    }
}
