//! The path of responses to octets.

use bytes::Bytes;
use h2::Reason;

use crate::connection::Connection;
use crate::error::SendError;
use crate::event::Sent;
use crate::fields::collect_fields;
use crate::stream::Stream;

impl Connection {
    /// Append to `out` what should be sent to the peer.
    ///
    /// Call it only while little of the last output is unsent: what stays in here is counted and bounded.
    pub fn take_output(&mut self, out: &mut Vec<u8>) {
        if self.ready.take() {
            self.drive();
        }
        let mut buffers = self.pipe.lock();
        let count = buffers.unsent();
        buffers.take_output(out);
        if std::mem::take(&mut buffers.blocked) {
            self.ready.mark();
        }
        drop(buffers);
        self.note_taken(count);
    }

    fn note_taken(&mut self, count: usize) {
        if count > 0 {
            self.clock.note_taken();
            self.control_frames.earn(self.clock.earned_by(count));
        }
    }

    /// Whether [`Connection::poll`] and [`Connection::take_output`] have something to do now.
    pub fn is_ready(&self) -> bool {
        !self.events.is_empty() || self.ready.is_marked() || self.pipe.lock().unsent() > 0
    }

    /// Send the head of a response, or an informational response (100, 102 to 199) before it.
    ///
    /// Args:    `fields`, in order; names in any case; connection-specific ones are left out (RFC 9113 section 8.2.2).
    ///          `end`, whether no content and no trailers follow.
    /// Raises:  [`SendError`]; nothing has been sent then.
    pub fn respond<'a>(
        &mut self,
        stream: u32,
        status: u16,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        end: bool,
    ) -> Result<(), SendError> {
        let fields = collect_fields(fields)?;
        self.running_stream(stream)?.respond(status, fields, end)
    }

    /// Send content of a response. What the peer's window does not allow is queued, however much it is: stop when it is
    /// [`Sent::full`] and go on at [`crate::Event::Writable`].
    ///
    /// Raises:  [`SendError`]; of `data` nothing has been sent then.
    pub fn send(&mut self, stream: u32, data: Bytes, end: bool) -> Result<Sent, SendError> {
        self.running_stream(stream)?.send(data, end)?;
        let total = self.queued();
        let (most, most_total) = (self.settings.stream_queue, self.settings.connection_queue);
        let record = self.running_stream(stream)?;
        let queued = record.ready.queued();
        let full = queued > most || (queued > 0 && total > most_total);
        if full && !end && !record.waits {
            record.waits = true;
            if !self.queueing.contains(&stream) {
                self.queueing.push(stream);
            }
        }
        Ok(Sent { queued, full })
    }

    /// End a response with trailers.
    pub fn send_trailers<'a>(
        &mut self,
        stream: u32,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<(), SendError> {
        let fields = collect_fields(fields)?;
        self.running_stream(stream)?.send_trailers(fields)
    }

    /// Give `octets` of consumed content back to the peer's windows.
    pub fn release(&mut self, stream: u32, octets: usize) {
        if let Ok(record) = self.running_stream(stream) {
            record.release(octets);
        }
    }

    /// Reset a stream; it still runs until [`Connection::finish`].
    pub fn reset(&mut self, stream: u32, reason: Reason) {
        if let Ok(record) = self.running_stream(stream) {
            record.reset(reason);
        }
    }

    fn running_stream(&mut self, stream: u32) -> Result<&mut Stream, SendError> {
        // What is done to a stream is written by the connection. h2 wakes it too; a turn too many is cheaper than one too few.
        self.ready.mark();
        self.streams.get_mut(&stream).filter(|record| record.running).ok_or(SendError::Gone)
    }
}
