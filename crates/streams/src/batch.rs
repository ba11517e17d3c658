use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_domain::{InteractionRules, NewInteraction, Resource, ResourceId};
use docent_positions::Move;

use crate::{Content, Event, Letter, Message, Reason};

/// Messages that are stored together, with the moves of the partitions that they were read from.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub(crate) moves: Vec<Move>,
    /// Events, each with the place of its message.
    pub(crate) events: Vec<(usize, Event)>,
    /// Letters that are not delivered yet.
    pub(crate) letters: Vec<Letter>,
    refused: BTreeMap<(Content, Reason), u64>,
}

impl Batch {
    /// Reads messages, each with its place in what the caller read, in the order of their offsets.
    /// Those that are no event become dead letters.
    pub fn read<'a>(
        moves: Vec<Move>,
        messages: impl IntoIterator<Item = (usize, Message<'a>)>,
        rules: &InteractionRules,
        now: DateTime<Utc>,
    ) -> Self {
        let mut batch = Self { moves, ..Self::default() };
        for (place, message) in messages {
            match Event::read(&message, rules, now) {
                Ok(event) => batch.events.push((place, event)),
                Err((reason, why)) => batch.refuse(message.content, Letter { place, reason, why }),
            }
        }
        batch
    }

    /// Returns the moves of the partitions.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    pub(crate) fn interactions(&self) -> impl Iterator<Item = &NewInteraction> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Interaction(interaction) => Some(interaction),
            Event::Resource(_) | Event::Deletion(_) => None,
        })
    }

    /// Returns the last word on each resource: its new content, or `None` for a deletion.
    pub(crate) fn resources(&self) -> BTreeMap<&ResourceId, Option<&Resource>> {
        let words = self.events.iter().filter_map(|(_, event)| match event {
            Event::Resource(resource) => Some((&resource.id, Some(resource.as_ref()))),
            Event::Deletion(id) => Some((id, None)),
            Event::Interaction(_) => None,
        });
        words.collect()
    }

    /// Makes dead letters of the interactions with the resources.
    pub(crate) fn refuse_unknown(&mut self, is_unknown: impl Fn(&ResourceId) -> bool) {
        let events = std::mem::take(&mut self.events);
        for (place, event) in events {
            match &event {
                Event::Interaction(interaction) if is_unknown(&interaction.resource_id) => {
                    let why =
                        format!("resource_id: expected a known resource, got {:?}", interaction.resource_id);
                    let letter = Letter { place, reason: Reason::UnknownResource, why };
                    self.refuse(Content::Interactions, letter);
                }
                _ => self.events.push((place, event)),
            }
        }
    }

    fn refuse(&mut self, content: Content, letter: Letter) {
        *self.refused.entry((content, letter.reason)).or_default() += 1;
        self.letters.push(letter);
    }

    /// Counts what was stored and what was refused.
    pub(crate) fn count(&self) {
        for content in [Content::Interactions, Content::Resources] {
            let stored = self.events.iter().filter(|(_, event)| event.content() == content).count();
            metrics::counter!("docent_stream_events_stored_total", "content" => content.as_str())
                .increment(stored as u64);
        }
        for ((content, reason), count) in &self.refused {
            let labels = [("content", content.as_str()), ("reason", reason.as_str())];
            metrics::counter!("docent_stream_events_refused_total", &labels).increment(*count);
        }
    }
}
