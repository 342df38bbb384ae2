export { consoleFolder } from './folder.ts';
