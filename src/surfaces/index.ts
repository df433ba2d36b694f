export { apiAuth } from './api-auth/surface.js';
export { djoser } from './djoser/surface.js';
export { pages } from './pages/surface.js';
