import { printableJson } from '../../text/escape.js';
import { bodyOf, type Message } from '../message.js';
import type { Channel } from './channel.js';
import type { Poster } from './post.js';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Slack, by an incoming webhook. Its blocks of plain text read no markup, no mention and no link in names. */
export function slack(poster: Poster, { url }: { readonly url: string }): Channel {
  return {
    send(message: Message, signal) {
      const plain = (text: string) => ({ type: 'plain_text', text, emoji: false });
      const body = {
        // What a notification shows: the one text that Slack reads as markup.
        text: message.title.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'),
        blocks: [
          { type: 'header', text: plain(message.title.slice(0, 150)) },
          { type: 'section', text: plain(bodyOf(message).slice(0, 3000)) },
          { type: 'context', elements: [plain(`${message.host} · ${message.event}`.slice(0, 150))] },
        ],
      };
      return poster.post(url, JSON_TYPE, printableJson(body), signal);
    },
  };
}

/** Teams, by a workflow that takes webhooks: an adaptive card, whose runs of text read no markup. */
export function teams(poster: Poster, { url }: { readonly url: string }): Channel {
  const run = (text: string, more: object = {}) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...more }],
  });
  return {
    send(message: Message, signal) {
      const card = {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [
          run(message.title, { weight: 'Bolder', size: 'Medium' }),
          ...bodyOf(message)
            .split('\n')
            .map((line) => run(line)),
          run(`${message.host} · ${message.event}`, { isSubtle: true }),
        ],
      };
      const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', content: card };
      return poster.post(
        url,
        JSON_TYPE,
        printableJson({ type: 'message', attachments: [attachment] }),
        signal,
      );
    },
  };
}

/** ntfy: an app on the person's phone, by a topic on ntfy.sh or on a server of their own (docs.ntfy.sh/publish). */
export function ntfy(
  poster: Poster,
  { url, token }: { readonly url: string; readonly token?: string | undefined },
): Channel {
  const address = new URL(url);
  const topic = address.pathname.replace(/^.*\//, '');
  const server = new URL(address.pathname.slice(0, -topic.length) || '/', address).href;
  return {
    send(message: Message, signal) {
      const body = {
        topic,
        title: message.title,
        message: bodyOf({ ...message, link: undefined }),
        priority: message.event === 'approval' || message.event === 'store' ? 4 : 3,
        tags: [message.event === 'approval' ? 'raised_hand' : 'warning'],
        ...(message.link !== undefined && { click: message.link }),
      };
      const headers = { ...JSON_TYPE, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
      return poster.post(server, headers, printableJson(body), signal);
    },
  };
}
