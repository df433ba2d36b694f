export { apiAuth } from './api-auth/surface.js';
export { oauth } from './oauth/surface.js';
export { pages } from './pages/surface.js';
