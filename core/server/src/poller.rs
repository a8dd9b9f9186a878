//! What the reactor asks of the system: which descriptors are ready, a tick, and to be woken.
//!
//! Two files, one set of names, chosen when the crate is compiled, so that the reactor calls the system directly:
//!
//! | | `poller/epoll.rs` | `poller/kqueue.rs` |
//! |---|---|---|
//! | where | Linux | macOS, FreeBSD; Linux with the feature `kqueue`, over a stand-in, for tests |
//! | a connection | one watch, edges, read and write in one event | two filters with `EV_CLEAR`, an event each |
//! | a listener | level, one of several workers is woken | level, all of them are woken and one accepts |
//! | the tick | a timerfd | `EVFILT_TIMER` |
//! | the wake-up | an eventfd | `EVFILT_USER` |
//!
//! What both promise:
//! - `wait` never waits. The descriptor of `as_fd` is readable as long as `wait` would find something, so that an outer loop
//!   can watch it.
//! - An event carries the key its watch was given. A watch ends with its descriptor.
//! - After an edge nothing is said again until something new happens: who stops early remembers that.

#[cfg(all(target_os = "linux", not(feature = "kqueue")))]
mod epoll;
#[cfg(all(target_os = "linux", not(feature = "kqueue")))]
pub use epoll::{Events, Poller, Ready, NAME};

#[cfg(not(all(target_os = "linux", not(feature = "kqueue"))))]
mod kqueue;
#[cfg(not(all(target_os = "linux", not(feature = "kqueue"))))]
pub use kqueue::{Events, Poller, Ready, NAME};

/// Events taken from the kernel at a time.
const EVENTS: usize = 256;

/// Key of the tick. Connections have smaller keys than all of these.
pub const TIMER: u64 = u64::MAX;
/// Key of the wake-up.
pub const WAKE: u64 = u64::MAX - 1;
/// Key of the first listener; those of the others follow.
pub const LISTENER: u64 = u64::MAX - 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::event::{poll, PollFd, PollFlags, Timespec};
    use rustix::net::sockopt;

    use super::*;

    /// What a connection's events say, in one line.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Said {
        readable: bool,
        writable: bool,
        hung_up: bool,
        broken: bool,
    }

    fn is_readable(poller: &Poller, wait: Duration) -> bool {
        let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
        let poller = poller.as_fd();
        poll(&mut [PollFd::new(&poller, PollFlags::IN)], Some(&wait)).unwrap() > 0
    }

    /// Everything that is ready now, once the descriptor is readable or `wait` is over.
    fn take(poller: &Poller, wait: Duration) -> Vec<(u64, Said)> {
        is_readable(poller, wait);
        let mut events = Events::default();
        poller.wait(&mut events).unwrap();
        let said = |ready: Ready| Said {
            readable: ready.is_readable(),
            writable: ready.is_writable(),
            hung_up: ready.is_hung_up(),
            broken: ready.is_broken(),
        };
        events.iter().map(|(key, ready)| (key, said(ready))).collect()
    }

    /// What is said of `key` until it says what is wanted, put together.
    fn said_until(poller: &Poller, key: u64, wanted: impl Fn(&Said) -> bool) -> Said {
        let (mut all, began) = (Said::default(), Instant::now());
        while !wanted(&all) {
            assert!(began.elapsed() < Duration::from_secs(5), "only {all:?} is said");
            for (about, said) in take(poller, Duration::from_secs(1)) {
                assert_eq!(about, key);
                all.readable |= said.readable;
                all.writable |= said.writable;
                all.hung_up |= said.hung_up;
                all.broken |= said.broken;
            }
        }
        all
    }

    fn nothing(poller: &Poller) -> bool {
        take(poller, Duration::ZERO).is_empty() && !is_readable(poller, Duration::from_millis(20))
    }

    fn pair() -> (TcpStream, OwnedFd) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        (client, server.into())
    }

    fn watched() -> (Poller, TcpStream, OwnedFd) {
        let (poller, (client, server)) = (Poller::new().unwrap(), pair());
        poller.watch(&server, 7).unwrap();
        (poller, client, server)
    }

    const NO_WAIT: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(5);

    #[test]
    fn a_new_connection_is_writable_and_that_is_said_once() {
        let (poller, _client, _server) = watched();
        assert_eq!(said_until(&poller, 7, |said| said.writable), Said { writable: true, ..Said::default() });
        assert!(nothing(&poller));
    }

    #[test]
    fn what_arrives_is_said_once_and_said_again_when_more_arrives() {
        let (poller, mut client, _server) = watched();
        said_until(&poller, 7, |said| said.writable);
        for _ in 0..3 {
            client.write_all(b"some").unwrap();
            let said = said_until(&poller, 7, |said| said.readable);
            assert!(!said.hung_up && !said.broken, "{said:?}");
            assert!(nothing(&poller), "nobody has read, and nothing is new");
        }
    }

    #[test]
    fn space_to_write_is_said_when_a_slow_peer_has_read() {
        let (poller, mut client, server) = watched();
        said_until(&poller, 7, |said| said.writable);
        let mut sent = 0;
        while let Ok(n) = rustix::net::send(&server, &[0; 65536], rustix::net::SendFlags::empty()) {
            sent += n;
        }
        assert!(nothing(&poller), "the peer has taken nothing");
        let mut taken = vec![0; 65536];
        while sent > 0 {
            sent -= client.read(&mut taken).unwrap();
        }
        let said = said_until(&poller, 7, |said| said.writable);
        assert!(!said.readable && !said.hung_up && !said.broken, "{said:?}");
    }

    #[test]
    fn a_peer_that_ends_its_side_has_hung_up_and_can_be_read_to_the_end() {
        let (poller, mut client, _server) = watched();
        client.write_all(b"last words").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let said = said_until(&poller, 7, |said| said.hung_up);
        assert!(said.readable && !said.broken, "{said:?}");
    }

    #[test]
    fn a_peer_that_resets_has_broken_the_connection() {
        let (poller, client, _server) = watched();
        said_until(&poller, 7, |said| said.writable);
        sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
        drop(client);
        said_until(&poller, 7, |said| said.broken);
    }

    #[test]
    fn a_connection_that_we_have_ended_for_writing_is_not_broken() {
        let (poller, mut client, server) = watched();
        said_until(&poller, 7, |said| said.writable);
        rustix::net::shutdown(&server, rustix::net::Shutdown::Write).unwrap();
        client.write_all(b"still talking").unwrap();
        let said = said_until(&poller, 7, |said| said.readable);
        assert!(!said.hung_up && !said.broken, "{said:?}");
    }

    #[test]
    fn a_closed_descriptor_is_watched_no_more_and_its_number_can_be_watched_again() {
        let (poller, mut client, server) = watched();
        said_until(&poller, 7, |said| said.writable);
        drop(server);
        assert!(nothing(&poller));
        let _ = client.write_all(b"into the void");
        assert!(nothing(&poller));
        let (mut client, server) = pair();
        poller.watch(&server, 8).unwrap();
        client.write_all(b"anew").unwrap();
        assert!(said_until(&poller, 8, |said| said.readable && said.writable).readable);
    }

    #[test]
    fn a_listener_is_said_as_long_as_somebody_waits_and_not_while_it_is_not_watched() {
        let poller = Poller::new().unwrap();
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = bound.local_addr().unwrap();
        let listener: OwnedFd = bound.try_clone().unwrap().into();
        poller.watch_listener(&listener, LISTENER).unwrap();
        assert!(nothing(&poller));
        let _client = TcpStream::connect(address).unwrap();
        for _ in 0..3 {
            assert!(said_until(&poller, LISTENER, |said| said.readable).readable);
        }
        poller.unwatch_listener(&listener);
        assert!(nothing(&poller));
        poller.watch_listener(&listener, LISTENER + 1).unwrap();
        said_until(&poller, LISTENER + 1, |said| said.readable);
        bound.accept().unwrap();
        assert!(nothing(&poller));
    }

    #[test]
    fn the_tick_comes_again_and_again_until_it_is_stopped() {
        let poller = Poller::new().unwrap();
        for _ in 0..2 {
            poller.run_timer(Some(Duration::from_millis(5)));
            for _ in 0..3 {
                let keys: Vec<u64> = take(&poller, LONG).into_iter().map(|(key, _)| key).collect();
                assert_eq!(keys, [TIMER]);
                poller.clear_tick();
            }
            poller.run_timer(None);
            take(&poller, NO_WAIT); // the last tick may have come just before
            poller.clear_tick();
            assert!(nothing(&poller));
        }
    }

    #[test]
    fn a_wake_up_makes_the_descriptor_readable_and_is_said_once_however_often_it_was_asked_for() {
        let poller = Poller::new().unwrap();
        assert!(nothing(&poller));
        for _ in 0..2 {
            assert!(poller.wake() && poller.wake() && poller.wake());
            let keys: Vec<u64> = take(&poller, LONG).into_iter().map(|(key, _)| key).collect();
            assert_eq!(keys, [WAKE]);
            poller.clear_wake();
            assert!(nothing(&poller));
        }
    }

    #[test]
    fn more_than_fits_one_answer_comes_in_the_next() {
        let poller = Poller::new().unwrap();
        let pairs: Vec<_> = (0..EVENTS as u64 + 10).map(|_| pair()).collect();
        for (key, (_, server)) in pairs.iter().enumerate() {
            poller.watch(server, key as u64).unwrap();
        }
        let mut seen = vec![false; pairs.len()];
        while let Some(unseen) = seen.iter().position(|seen| !seen) {
            let took = take(&poller, LONG);
            assert!(!took.is_empty(), "{unseen} is never said");
            took.into_iter().for_each(|(key, _)| seen[key as usize] = true);
        }
        assert!(nothing(&poller));
    }
}
