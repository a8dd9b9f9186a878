//! Handlers that have not answered yet.

use pyo3::prelude::*;

use crate::content::OutgoingContent;
use crate::request::Request;
use crate::websocket::WebSocket;

/// One waiting handler.
pub struct Call {
    /// Its Task, held because asyncio itself holds tasks only weakly.
    pub task: Py<PyAny>,
    /// The request, for the error page.
    pub request: Py<Request>,
    /// The `contextvars` context that it runs in, as its response's stream does.
    pub context: Py<PyAny>,
    /// The route's status for plain values.
    pub status: u16,
    /// Its response's content, once that streams.
    pub outgoing: Option<Py<OutgoingContent>>,
    /// Its WebSocket.
    pub websocket: Option<Py<WebSocket>>,
}

/// Waiting handlers by number.
///
/// A handler may end long after it was taken out, when its client has gone: then its number must not be another's. So a
/// number is a place, and how often that place was used.
#[derive(Default)]
pub struct Calls {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

#[derive(Default)]
struct Slot {
    uses: u32,
    call: Option<Call>,
}

const PLACE_BITS: u32 = 32;

impl Calls {
    /// Adds a call and gives its number.
    pub fn insert(&mut self, call: Call) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[place];
        slot.call = Some(call);
        place | (slot.uses as usize) << PLACE_BITS
    }

    /// A call that still waits.
    pub fn get(&self, number: usize) -> Option<&Call> {
        let (place, uses) = split(number);
        self.slots.get(place).filter(|slot| slot.uses == uses)?.call.as_ref()
    }

    /// Takes a call out.
    pub fn remove(&mut self, number: usize) -> Option<Call> {
        let (place, uses) = split(number);
        let slot = self.slots.get_mut(place).filter(|slot| slot.uses == uses)?;
        let call = slot.call.take()?;
        slot.uses = uses.wrapping_add(1);
        self.free.push(place);
        Some(call)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

fn split(number: usize) -> (usize, u32) {
    (number & ((1 << PLACE_BITS) - 1), (number >> PLACE_BITS) as u32)
}
