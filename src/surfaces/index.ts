export { accounts } from './accounts/surface.js';
export { apiAuth } from './api-auth/surface.js';
export { pages } from './pages/surface.js';
