//! What the manual says, asked of the stand-in.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use super::*;

const NOW: Option<Timespec> = Some(Timespec { tv_sec: 0, tv_nsec: 0 });
const SOON: Option<Timespec> = Some(Timespec { tv_sec: 5, tv_nsec: 0 });
const READ: EventFilter = EventFilter::EVFILT_READ;
const WRITE: EventFilter = EventFilter::EVFILT_WRITE;

fn change(ident: usize, filter: EventFilter, flags: EvFlags) -> KEvent {
    KEvent::new(ident, filter, flags, FilterFlag::empty(), 5, 42)
}

fn take(kqueue: &Kqueue, room: usize, timeout: Option<Timespec>) -> Vec<KEvent> {
    let mut events = vec![KEvent::said(0, READ, 0); room];
    let taken = kqueue.kevent(&[], &mut events, timeout).unwrap();
    events.truncate(taken);
    events
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn ident(socket: &TcpStream) -> usize {
    socket.as_raw_fd() as usize
}

#[test]
fn reading_and_writing_are_events_of_their_own() {
    let (kqueue, (mut client, server)) = (Kqueue::new().unwrap(), pair());
    let edges = EvFlags::EV_ADD | EvFlags::EV_CLEAR;
    let both = [change(ident(&server), READ, edges), change(ident(&server), WRITE, edges)];
    assert_eq!(kqueue.kevent(&both, &mut [], NOW).unwrap(), 0);
    assert_eq!(take(&kqueue, 9, SOON), [KEvent::said(ident(&server), WRITE, 42)]);
    client.write_all(b"hello").unwrap();
    assert_eq!(take(&kqueue, 9, SOON), [KEvent::said(ident(&server), READ, 42)]);
    assert_eq!(take(&kqueue, 9, NOW), [], "edges");
    client.write_all(b"hello").unwrap();
    assert_eq!(take(&kqueue, 9, SOON), [KEvent::said(ident(&server), READ, 42)]);
    client.shutdown(Shutdown::Write).unwrap();
    let said = take(&kqueue, 9, SOON);
    let end = said.iter().find(|event| event.filter() == Ok(READ)).unwrap();
    assert!(end.flags().contains(EvFlags::EV_EOF) && end.fflags().is_empty());
    assert!(said.iter().all(|event| event.filter() == Ok(READ) || event.flags().is_empty()));
}

#[test]
fn levels_are_said_again_and_what_finds_no_room_waits() {
    let (kqueue, (mut client, server)) = (Kqueue::new().unwrap(), pair());
    let both = [change(ident(&server), READ, EvFlags::EV_ADD), change(ident(&server), WRITE, EvFlags::EV_ADD)];
    kqueue.kevent(&both, &mut [], NOW).unwrap();
    client.write_all(b"hello").unwrap();
    take(&kqueue, 1, SOON);
    for _ in 0..3 {
        assert_eq!(take(&kqueue, 9, NOW).len(), 2);
    }
    kqueue.kevent(&[change(ident(&server), WRITE, EvFlags::EV_DELETE)], &mut [], NOW).unwrap();
    assert_eq!(take(&kqueue, 9, NOW), [KEvent::said(ident(&server), READ, 42)]);
    drop(server);
    assert_eq!(take(&kqueue, 9, NOW), []);
}

#[test]
fn a_change_that_fails_is_an_event_where_there_is_room_and_else_the_calls_error() {
    let kqueue = Kqueue::new().unwrap();
    for filter in [READ, WRITE, EventFilter::EVFILT_TIMER, EventFilter::EVFILT_USER] {
        let wrong = change(1_000_000, filter, EvFlags::EV_DELETE);
        let expected = if matches!(filter, READ | WRITE) { Errno::BADF } else { Errno::NOENT };
        let error = kqueue.kevent(&[wrong], &mut [], NOW).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(expected.raw_os_error()));
        let mut events = [KEvent::said(0, READ, 0); 2];
        assert_eq!(kqueue.kevent(&[wrong], &mut events, NOW).unwrap(), 1);
        assert!(events[0].flags().contains(EvFlags::EV_ERROR));
        assert_eq!(events[0].data(), expected.raw_os_error() as isize);
    }
}

#[test]
fn timers_and_user_events_have_numbers_of_their_own() {
    let kqueue = Kqueue::new().unwrap();
    let user = change(0, EventFilter::EVFILT_USER, EvFlags::EV_ADD | EvFlags::EV_CLEAR);
    kqueue.kevent(&[change(0, EventFilter::EVFILT_TIMER, EvFlags::EV_ADD), user], &mut [], NOW).unwrap();
    assert_eq!(take(&kqueue, 9, SOON), [KEvent::said(0, EventFilter::EVFILT_TIMER, 42)]);
    kqueue.kevent(&[change(0, EventFilter::EVFILT_TIMER, EvFlags::EV_DELETE)], &mut [], NOW).unwrap();
    assert_eq!(take(&kqueue, 9, NOW), []);
    let trigger = KEvent::new(0, EventFilter::EVFILT_USER, EvFlags::empty(), FilterFlag::NOTE_TRIGGER, 0, 0);
    kqueue.kevent(&[trigger, trigger], &mut [], NOW).unwrap();
    assert_eq!(take(&kqueue, 9, NOW), [KEvent::said(0, EventFilter::EVFILT_USER, 42)]);
    assert_eq!(take(&kqueue, 9, NOW), []);
}
