import { afterAll } from 'vitest';
import { demandsContract } from './contract/demands.js';
import { localGround } from './contract/ground.js';
import { eachDriver, tempDir } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

eachDriver('what depends on the moment', () => demandsContract(localGround(temp)));
