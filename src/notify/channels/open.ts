import type { ChannelSettings } from '../settings.js';
import type { Channel } from './channel.js';
import { ntfy, slack, teams } from './chat.js';
import { desktop } from './desktop.js';
import type { Poster } from './post.js';
import { webhook } from './webhook.js';

/** The channel that a person has set up. */
export function openChannel(settings: ChannelSettings, poster: Poster, env: NodeJS.ProcessEnv): Channel {
  switch (settings.type) {
    case 'desktop':
      return desktop(env);
    case 'ntfy':
      return ntfy(poster, settings);
    case 'webhook':
      return webhook(poster, settings);
    case 'slack':
      return slack(poster, settings);
    case 'teams':
      return teams(poster, settings);
  }
}
