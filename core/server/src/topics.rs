//! Topics: which sockets get what is broadcast. Subscribing and unsubscribing cost the same however many there are.

use std::collections::HashMap;
use std::rc::Rc;

use crate::application::Token;
use crate::socket::Socket;

/// The topics of one worker. A topic exists while it has subscribers.
#[derive(Default)]
pub struct Topics {
    numbers: HashMap<Rc<str>, u32>,
    topics: Vec<Topic>,
    free: Vec<u32>,
}

#[derive(Default)]
struct Topic {
    name: Rc<str>,
    subscribers: Vec<Rc<Socket>>,
}

impl Topics {
    /// Adds a subscriber, once.
    pub fn subscribe(&mut self, name: &str, socket: &Rc<Socket>) {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => self.insert(name),
        };
        let Some(topic) = self.topics.get_mut(number as usize) else { return };
        if socket.place(number).is_none() {
            socket.set_place(number, topic.subscribers.len() as u32);
            topic.subscribers.push(socket.clone());
        }
    }

    /// Removes a subscriber, if it is one.
    pub fn unsubscribe(&mut self, name: &str, socket: &Rc<Socket>) {
        let Some(number) = self.numbers.get(name).copied() else { return };
        if let Some(place) = socket.remove_place(number) {
            self.remove(number, place);
        }
    }

    /// Removes a subscriber everywhere.
    pub fn forget(&mut self, socket: &Socket) {
        for (number, place) in socket.take_places() {
            self.remove(number, place);
        }
    }

    /// How many a topic has.
    pub fn count(&self, name: &str) -> usize {
        self.subscribers(name).len()
    }

    /// The connections to send to: a copy, since sending may end some of them.
    pub fn tokens(&self, name: &str, except: Option<Token>, tokens: &mut Vec<Token>) {
        let all = self.subscribers(name).iter().map(|socket| socket.exchange().token);
        tokens.extend(all.filter(|token| Some(*token) != except));
    }

    fn subscribers(&self, name: &str) -> &[Rc<Socket>] {
        let topic = self.numbers.get(name).and_then(|number| self.topics.get(*number as usize));
        topic.map(|topic| topic.subscribers.as_slice()).unwrap_or_default()
    }

    fn insert(&mut self, name: &str) -> u32 {
        let topic = Topic { name: name.into(), subscribers: Vec::new() };
        let name = topic.name.clone();
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(place) = self.topics.get_mut(number as usize) {
                    *place = topic;
                }
                number
            }
            None => {
                self.topics.push(topic);
                self.topics.len() as u32 - 1
            }
        };
        self.numbers.insert(name, number);
        number
    }

    /// The last takes the place of the one removed.
    fn remove(&mut self, number: u32, place: u32) {
        let Some(topic) = self.topics.get_mut(number as usize) else { return };
        if (place as usize) < topic.subscribers.len() {
            topic.subscribers.swap_remove(place as usize);
        }
        if let Some(moved) = topic.subscribers.get(place as usize) {
            moved.set_place(number, place);
        }
        if topic.subscribers.is_empty() {
            self.numbers.remove(&topic.name);
            *topic = Topic::default();
            self.free.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::Exchange;
    use crate::options::SocketOptions;
    use crate::socket::{Offer, Sockets};

    fn sockets(count: u64) -> Vec<Rc<Socket>> {
        let shared = Sockets::new(SocketOptions::default());
        let offer = || Offer { accept: String::new(), protocols: Vec::new() };
        (0..count)
            .map(|key| Socket::new(Exchange { token: Token(key), stream: 1 }, shared.clone(), offer(), None))
            .collect()
    }

    fn tokens(topics: &Topics, name: &str, except: Option<Token>) -> Vec<u64> {
        let mut tokens = Vec::new();
        topics.tokens(name, except, &mut tokens);
        let mut keys: Vec<u64> = tokens.into_iter().map(|token| token.0).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn a_subscriber_counts_once_and_leaves_once() {
        let (mut topics, sockets) = (Topics::default(), sockets(2));
        topics.subscribe("a", &sockets[0]);
        topics.subscribe("a", &sockets[0]);
        topics.subscribe("a", &sockets[1]);
        assert_eq!(tokens(&topics, "a", None), [0, 1]);
        assert_eq!(tokens(&topics, "a", Some(Token(0))), [1]);
        topics.unsubscribe("a", &sockets[0]);
        topics.unsubscribe("a", &sockets[0]);
        topics.unsubscribe("b", &sockets[0]);
        assert_eq!(tokens(&topics, "a", None), [1]);
    }

    #[test]
    fn the_one_that_moves_is_still_found() {
        let (mut topics, sockets) = (Topics::default(), sockets(5));
        sockets.iter().for_each(|socket| topics.subscribe("a", socket));
        for gone in [0, 4, 3] {
            topics.unsubscribe("a", &sockets[gone]);
        }
        assert_eq!(tokens(&topics, "a", None), [1, 2]);
    }

    #[test]
    fn a_topic_without_subscribers_is_forgotten() {
        let (mut topics, sockets) = (Topics::default(), sockets(2));
        for name in ["a", "b", "c"] {
            topics.subscribe(name, &sockets[0]);
        }
        topics.subscribe("b", &sockets[1]);
        topics.forget(&sockets[0]);
        assert_eq!((topics.count("a"), topics.count("b"), topics.numbers.len()), (0, 1, 1));
        topics.subscribe("d", &sockets[0]);
        assert_eq!(topics.topics.len(), 3, "a place is used again");
        assert_eq!((topics.count("d"), topics.count("b")), (1, 1));
    }
}
