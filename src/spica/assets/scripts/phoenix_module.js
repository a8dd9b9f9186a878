// `import { Socket, Presence } from "phoenix"`: the client's script has all of it in one variable.
export const { Channel, LongPoll, Presence, Serializer, Socket } = Phoenix;
export default Phoenix;
