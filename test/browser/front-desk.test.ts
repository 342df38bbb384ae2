// What a receptionist and an owner do in the console. One stack and one browser for all, because they take longer to start than most of
// these tests. The first test of a chat needs a stack without conversations.
import { describe } from 'vitest';
import { chatListTests } from './pages/chat-list.ts';
import { chatTests } from './pages/chat.ts';
import { jobTests } from './pages/jobs.ts';
import { questionTests } from './pages/questions.ts';
import { useFrontDesk } from './support/front-desk.ts';

useFrontDesk();
describe('a chat', () => {
  chatTests();
});
describe('the list of chats', () => {
  chatListTests();
});
describe('jobs', () => {
  jobTests();
});
describe('questions', () => {
  questionTests();
});
