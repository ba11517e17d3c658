use std::collections::{HashMap, HashSet};

use docent::{DomainError, Link, Resource, ResourceId};
use docent_formats::Location;

/// Links that were read apart from their resources, until they are joined with them.
#[derive(Debug, Default)]
pub struct Links {
    by_source: HashMap<ResourceId, Vec<(Link, Location)>>,
    attached: HashSet<ResourceId>,
}

impl Links {
    /// Keeps a link that breaks no rule.
    pub fn add(&mut self, source: ResourceId, link: Link, location: Location) -> Result<(), DomainError> {
        // The domain checks links only as a part of their resource.
        let mut probe = Resource::new(source.clone(), "probe");
        probe.links.push(link.clone());
        probe.check()?;
        self.by_source.entry(source).or_default().push((link, location));
        Ok(())
    }

    /// Adds the links that start from a resource to those that it has.
    pub fn attach(&mut self, resource: &mut Resource) {
        let Some(links) = self.by_source.get(&resource.id) else { return };
        for (link, _) in links {
            resource.links.retain(|old| (&old.target, &old.kind) != (&link.target, &link.kind));
            resource.links.push(link.clone());
        }
        self.attached.insert(resource.id.clone());
    }

    /// Returns the sources whose resource was not read, in a fixed order.
    pub fn unattached(&self) -> Vec<ResourceId> {
        let mut sources: Vec<ResourceId> =
            self.by_source.keys().filter(|source| !self.attached.contains(*source)).cloned().collect();
        sources.sort();
        sources
    }

    /// Returns the locations of the links of a source.
    pub fn locations(&self, source: &ResourceId) -> Vec<Location> {
        self.by_source.get(source).into_iter().flatten().map(|(_, location)| location.clone()).collect()
    }
}
